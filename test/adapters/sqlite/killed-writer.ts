import { sqlite } from 'lockstep/sqlite'
import { armFailpoint } from '../../../src/core/failpoint.js'

const [, , path = '', failpoint = ''] = process.argv
const { signal } = new AbortController()
const database = sqlite(path)
const sink = await database.upserts([database.table('t')], { flow: 'test' }, signal)
armFailpoint(failpoint, () => process.kill(process.pid, 'SIGKILL'))
console.log('writing')
const items = Array.from({ length: 100 }, (_, id) => ({ rows: [[{ id, a: 'x' }]] }))
await sink.write({ lane: 'a', position: '100', items }, { flow: 'test', attempt: 1, expected: undefined, signal })
console.log('written')
