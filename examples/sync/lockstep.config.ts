import { defineConfig, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'
import { records } from './schema.js'

export default defineConfig({
  flows: { mirror: sync({ table: records, between: [postgres(env('A_URL')), postgres(env('B_URL'))] }) },
})
