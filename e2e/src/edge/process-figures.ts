import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'

/** Bytes of memory that a process has now (proc_pid_status(5): VmRSS). */
export function residentBytes(pid: number): number {
  return readStatus(pid, 'VmRSS')
}

/** The most memory that a process has had since the start, or since `forgetPeak` (VmHWM). */
export function peakBytes(pid: number): number {
  return readStatus(pid, 'VmHWM')
}

/** Has the peak counted anew from now on (proc_pid_clear_refs(5)). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** How many sockets a process has open, those on which it listens included. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((descriptor) => isSocket(`${folder}/${descriptor}`)).length
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:')
  } catch {
    // Closed since the folder was read.
    return false
  }
}

function readStatus(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (found?.[1] === undefined) throw new Error(`the process has no ${name}`)
  return Number(found[1]) * 1024
}
