import { readFileSync } from 'node:fs'
import { check, defineConfig, type Flow } from 'lockstep'
import { env } from 'lockstep/env'
import { sqlite } from 'lockstep/sqlite'
import { webhook } from 'lockstep/webhook'

const left = sqlite(env('LEFT_FILE'))
const right = sqlite(env('RIGHT_FILE'))
const to = webhook(env('HOOK_URL'), {
  format: 'json',
  secret: env('HOOK_SECRET'),
  ca: readFileSync(env('HOOK_CA'), 'utf8'),
  allowPrivate: true,
})

/** Stops as soon as it begins. */
const broken: Flow = {
  kind: 'sync',
  databases: [],
  run: async () => {
    throw new TypeError('canary-of-a-row')
  },
  diagnose: async () => [],
  grants: async () => [],
}

export default defineConfig({
  state: sqlite(env('STATE_FILE')),
  alerts: { to, groupMs: 100 },
  flows: {
    same: check.tables({ left: left.table('records'), right: right.table('records'), settleMs: 0, alert: { when: 2 } }),
    quiet: check.tables({ left: left.table('records'), right: right.table('records'), settleMs: 0, alert: false }),
    broken,
    alsoBroken: { ...broken },
  },
})
