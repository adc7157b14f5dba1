import { startRedis } from '@counterfoil/testbed'
import { createClient } from '@redis/client'
import { createMemoryStores, drawId, systemRandom } from '@counterfoil/core'
import { openRedisSessions } from './dist/index.js'
const srv=await startRedis(); const client=createClient({url:srv.url}); await client.connect()
const {sessions,close}=await openRedisSessions({client,database:createMemoryStores().database,repair:async()=>{}})
const UA='Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const NOW=Date.now()
const use={at:NOW,address:'203.0.113.71',userAgent:UA}
const s={id:drawId(systemRandom),accountId:drawId(systemRandom),applicationId:'shop',strategy:'hybrid',generation:12,floor:0,rotated:{...use,at:NOW+5},accountGeneration:0,applicationGeneration:0,authenticatedAt:NOW,started:use,seenAt:NOW,idleExpiresAt:NOW+14*864e5,expiresAt:NOW+90*864e5,deviceLabel:'Chrome on Windows'}
await sessions.start(s)
const k='cf:s:{'+s.id+'}', u='cf:u:{'+s.accountId+'}'
console.log(await client.get(k), (await client.get(k)).length, await client.sendCommand(['MEMORY','USAGE',k]), await client.sendCommand(['MEMORY','USAGE',u]), await client.sendCommand(['DEBUG','OBJECT',u]).catch(String))
for (const n of [10,44,100,200,240,252,260,300,320]) { await client.set('x','y'.repeat(n)); console.log(n, await client.sendCommand(['MEMORY','USAGE','x']))}
await client.eval("redis.call('SET','x',ARGV[1])",{arguments:['y'.repeat(252)]}); console.log('eval 252', await client.sendCommand(['MEMORY','USAGE','x']))
await client.eval("redis.call('SET','x',ARGV[1] .. ARGV[1])",{arguments:['y'.repeat(126)]}); console.log('eval concat 252', await client.sendCommand(['MEMORY','USAGE','x']))
await sessions.advance(s.id,12,{now:NOW+9,idleExpiresAt:NOW+9+14*864e5,use:{...use,at:NOW+9}}); console.log('after advance', await client.sendCommand(['MEMORY','USAGE',k]))
close(); client.destroy(); await srv.close()
