import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeScratchFolder, ServerProcess } from '@counterfoil/testbed'
import { findNginx } from './requirements.ts'

/** Requests in turn to each node, whoever sends them: nothing is sticky. */
function describeBalancer(port: number, nodePorts: readonly number[], folder: string): string {
  // A node that is away refuses at once, and the next one is asked: there is no need to leave it out for a while.
  const servers = nodePorts.map((nodePort) => `    server 127.0.0.1:${nodePort} max_fails=0;`)
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream nodes {
${servers.join('\n')}
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      # Which node it was, in the end, so that it can be told whose fault an answer is.
      add_header X-Node $upstream_addr always;
      proxy_connect_timeout 1s;
      # The next node is asked where this one cannot be reached, or hangs up before it has answered a request that may be repeated
      # (RFC 9110 §9.2.2). One that may not be, a POST, only where it was not sent.
      proxy_next_upstream error timeout;
    }
  }
}
`
}

/** Starts nginx before the nodes; resolves when it listens, with what stops it. */
export async function startNginx(port: number, nodePorts: readonly number[]): Promise<() => Promise<void>> {
  const folder = makeScratchFolder('nginx')
  const file = join(folder.path, 'nginx.conf')
  writeFileSync(file, describeBalancer(port, nodePorts, folder.path))
  const args = ['-p', folder.path, '-c', file, '-e', 'stderr']
  const nginx = new ServerProcess({ command: findNginx() ?? 'nginx', args, orphanSignal: 'SIGTERM' })
  const close = async (): Promise<void> => {
    await nginx.stop('SIGTERM')
    folder.remove()
  }
  try {
    await nginx.ready(() => listens(port))
    return close
  } catch (error) {
    await close()
    throw error
  }
}

/** Whatever the answer is, somebody gave it. */
function listens(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  )
}
