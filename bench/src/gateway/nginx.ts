import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findFreePort } from '../ports.ts'
import { startPinned, urlIfUp, type Pinned } from './pinned.ts'

/** Where a user's PATH may not lead, and system packages put servers. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** So that no connection is closed because it has been used a thousand times. */
const EVER = 1_000_000_000

/** What nginx is in front of. */
export interface Surroundings {
  readonly folder: string
  /** `host:port` of the service. */
  readonly upstream: string
  /** `host:port` of our server. */
  readonly issuer: string
}

/** What a request for `/verify` takes along, beside what the client sent. */
const ASK = `proxy_pass http://issuer/verify;
      proxy_pass_request_body off;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;`

/** Who calls, for the service; the credential stays here. */
const TELL = `auth_request_set $account $upstream_http_x_account_id;
      auth_request_set $session $upstream_http_x_session_id;
      auth_request_set $client $upstream_http_x_client_id;
      auth_request_set $roles $upstream_http_x_roles;
      proxy_set_header X-Account-Id $account;
      proxy_set_header X-Session-Id $session;
      proxy_set_header X-Client-Id $client;
      proxy_set_header X-Roles $roles;
      proxy_set_header Authorization "";`

const PASS = `proxy_pass http://orders;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;`

/** `/plain` passes on, `/asked` asks our server about each request, `/cached` about each credential every 5 s. */
function describe(port: number, { folder, upstream, issuer }: Surroundings): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (what) => `  ${what}_temp_path ${folder}/${what};`,
  )
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
${temporary.join('\n')}
  keepalive_requests ${EVER};
  proxy_http_version 1.1;
  proxy_cache_path ${folder}/decisions keys_zone=decisions:1m;
  upstream orders { server ${upstream}; keepalive 64; keepalive_requests ${EVER}; }
  upstream issuer { server ${issuer}; keepalive 64; keepalive_requests ${EVER}; }
  server {
    listen 127.0.0.1:${port};
    location /plain {
      ${PASS}
    }
    location /asked {
      auth_request /_ask;
      ${TELL}
      ${PASS}
    }
    location /cached {
      auth_request /_recall;
      ${TELL}
      ${PASS}
    }
    location = /_ask {
      internal;
      ${ASK}
    }
    location = /_recall {
      internal;
      ${ASK}
      proxy_cache decisions;
      proxy_cache_key "$request_method $http_authorization $http_cookie";
      proxy_cache_valid 200 5s;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    }
  }
}
`
}

/** Starts nginx with one worker; resolves when it listens. @throws {Error} when it is not installed. */
export async function startNginx(surroundings: Surroundings): Promise<Pinned> {
  const command = findNginx()
  if (command === undefined) throw new Error('this benchmark needs nginx (Debian: nginx-light)')
  const { folder } = surroundings
  const port = await findFreePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, describe(port, surroundings))
  const url = `http://127.0.0.1:${port}`
  return startPinned({
    on: 'measured',
    command,
    args: ['-p', folder, '-c', file, '-e', 'stderr'],
    whenUp: () => urlIfUp(url),
  })
}

function findNginx(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS]
  return folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path))
}
