import { createClient, createCluster } from '@redis/client'
import { startRedis, startRedisCluster } from '@counterfoil/testbed'
import { createMemoryStores, drawId, systemRandom } from '@counterfoil/core'
import { openRedisSessions } from './dist/index.js'
const UA='Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const NOW=Date.now()
const sample=(i,acc)=>{const use={at:NOW+i,address:`203.0.113.${i%250}`,userAgent:UA};return{id:drawId(systemRandom),accountId:acc??drawId(systemRandom),applicationId:'shop',strategy:'hybrid',generation:0,floor:0,rotated:use,accountGeneration:0,applicationGeneration:0,authenticatedAt:NOW+i,started:use,seenAt:NOW+i,idleExpiresAt:NOW+14*864e5,expiresAt:NOW+90*864e5,deviceLabel:'Chrome on Windows'}}
async function run(name,n,inflight,act){let next=0;const c0=process.cpuUsage();const t0=performance.now();await Promise.all(Array.from({length:inflight},async()=>{for(let i;(i=next++)<n;)await act(i)}));const ms=performance.now()-t0;const c=process.cpuUsage(c0);console.log(name.padEnd(28),Math.round(n/ms*1000)+'/s','cpu',((c.user+c.system)/n).toFixed(1),'us/op')}
const mode=process.argv[2]??'single'
let srv,client
if(mode==='single'){srv=await startRedis();client=createClient({url:srv.url,disableOfflineQueue:true,...(process.argv[3]==='notimeout'?{commandOptions:{timeout:undefined}}:{})})}
else{srv=await startRedisCluster();client=createCluster({rootNodes:srv.nodes.map(({url})=>({url})),defaults:{disableOfflineQueue:true,...(process.argv[3]==='notimeout'?{commandOptions:{timeout:undefined}}:{})}})}
client.on('error',()=>{});await client.connect()
const {sessions,close,counts}=await openRedisSessions({client,database:createMemoryStores().database,repair:async()=>{},replicateStartsMs:0})
const N=20000
const all=Array.from({length:N},(_,i)=>sample(i))
const gen=new Map()
for(let r=0;r<2;r++){
await run('start',r?2000:N,64,async i=>{ if((await sessions.start(r?sample(i):all[i]))!=='started')throw 1})
await run('advance',30000,64,async i=>{const s=all[i%N];const g=gen.get(s.id)??0;gen.set(s.id,g+1);const a=await sessions.advance(s.id,g,{now:NOW+1000,idleExpiresAt:NOW+14*864e5,use:{at:NOW+1000,address:'203.0.113.9',userAgent:UA}});if(!a||!('advanced' in a))throw 2})
await run('find',60000,64,async i=>{if(!await sessions.find(all[i%N].id,NOW+5000))throw 3})
await run('touch',30000,64,async i=>{await sessions.touch(all[i%N].id,NOW+6000+i,NOW+14*864e5+i)})
await run('list',10000,64,async i=>{await sessions.list(all[i%N].accountId,NOW+5000)})
if(mode==='single'){await run('bare GET',60000,64,async i=>{await client.sendCommand(['GET','cf:s:{'+all[i%N].id+'}'])})}
}
console.log(counts())
close();client.destroy();await srv.close()
