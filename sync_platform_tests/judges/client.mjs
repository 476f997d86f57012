// The official JavaScript client, told what to ask: one JSON line in, one JSON line out.
// In: {url, headers, from | rpc, arguments, options, chain: [[method, ...arguments], ...]}
// Out: what the client makes of the answer: {data, error, count, status}
import {PostgrestClient} from '@supabase/postgrest-js'
import {createInterface} from 'node:readline'

async function ask({url, headers, from, rpc, arguments: given = {}, options = {}, chain}) {
  const client = new PostgrestClient(url, {headers})
  let query = rpc ? client.rpc(rpc, given, options) : client.from(from)
  for (const [method, ...rest] of chain) query = query[method](...rest)
  const {data, error, count, status} = await query
  return {data, error: error && {...error, message: error.message}, count, status}
}

for await (const line of createInterface({input: process.stdin})) {
  const answer = await ask(JSON.parse(line)).catch((failure) => ({thrown: String(failure)}))
  process.stdout.write(JSON.stringify(answer) + '\n')
}
