import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { POSTGRES_UID } from '@counterfoil/testbed'

/** What is around a server: what its processes see, and a disk of its own for its folder. */
export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>
  readonly mount?: (folder: string) => void
  readonly unmount?: (folder: string) => void
}

/** Why no small disk can be made here. */
export function lacksMounts(): string | undefined {
  return process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'only root may mount a small disk'
}

/** Gives a folder a small disk of its own, in memory. */
export function mountSmallDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=160m,uid=${POSTGRES_UID},mode=0700`, 'tmpfs', folder], {
    stdio: 'pipe',
  })
}

/** Takes the disk away again. */
export function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder])
}

/** Takes all the room that is left on a disk; what gives it back. */
export function fillDisk(folder: string): () => void {
  const filler = join(folder, 'filler')
  const { bavail, bsize } = statfsSync(folder)
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize + 1))
  } catch {
    // The last block did not fit: the disk is full, as it is to be.
  }
  return () => rmSync(filler, { force: true })
}

/** A disk that can be made to lose what it is told to keep: programs that run under it are told so when they flush. */
export interface FaultyDisk {
  readonly environment: Readonly<Record<string, string>>
  fail(): void
  heal(): void
  remove(): void
}

const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
#include <stdlib.h>
static int fails(void) {
  const char *sign = getenv("FSYNC_FAILS_IF");
  return sign != 0 && access(sign, F_OK) == 0;
}
int fsync(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
`

/** Why no faulty disk can be made here. */
export function lacksCompiler(): string | undefined {
  try {
    execFileSync('cc', ['--version'], { stdio: 'pipe' })
    return undefined
  } catch {
    return 'there is no C compiler (Debian: apt-get install gcc libc6-dev)'
  }
}

/** Makes one, out of a few lines of C. */
export function makeFaultyDisk(): FaultyDisk {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-fsync-'))
  chmodSync(folder, 0o755)
  const [source, library, sign] = ['shim.c', 'shim.so', 'fails'].map((name) => join(folder, name))
  if (source === undefined || library === undefined || sign === undefined) throw new Error('no names')
  writeFileSync(source, SHIM)
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  return {
    environment: { LD_PRELOAD: library, FSYNC_FAILS_IF: sign },
    fail: () => writeFileSync(sign, ''),
    heal: () => rmSync(sign, { force: true }),
    remove: () => {
      if (existsSync(folder)) rmSync(folder, { recursive: true })
    },
  }
}
