// The official client for functions, told what to call: one JSON line in, one JSON line out.
// In: {url, headers, name, options}
// Out: what the client makes of the answer: {data, error: its name, problem: the body of an error, status}
import {FunctionsClient} from '@supabase/functions-js'
import {createInterface} from 'node:readline'

async function ask({url, headers, name, options}) {
  const {data, error} = await new FunctionsClient(url, {headers}).invoke(name, options)
  const answer = error?.context
  const problem = answer?.json ? await answer.json() : undefined
  return {data, error: error && error.name, problem, status: answer?.status}
}

for await (const line of createInterface({input: process.stdin})) {
  const answer = await ask(JSON.parse(line)).catch((failure) => ({thrown: String(failure)}))
  process.stdout.write(JSON.stringify(answer) + '\n')
}
