import { defineConfig, type Flow } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

/** Flows for the tests of `lockstep dead-letters`; their letters are stored by the tests. */

const database = postgres(env('LETTERS_URL'))
const { deadLetters } = database.state

function toy(rest: Partial<Flow> = {}): Flow {
  return {
    kind: 'ingest',
    databases: [database],
    deadLetters: [deadLetters],
    run: async () => {},
    diagnose: async () => [],
    grants: async () => [],
    ...rest,
  }
}

/** As a real flow would: what cannot be stored becomes a letter again, the rest is marked. */
function replaying(code: string): Flow {
  return toy({
    async replay(filter, { name, observer }) {
      const letters = await deadLetters.list(name, filter, { limit: 1_000 })
      const bad = letters.filter((letter) => letter.code === code)
      if (bad.length > 0) {
        observer({ flow: name, type: 'dead-letters', lane: 'a', count: bad.length, code, reason: 'still no good' })
        await deadLetters.store(bad)
      }
      const good = letters.filter((letter) => letter.code !== code)
      const replayed = await deadLetters.mark(name, good, 'replayed')
      return { letters: letters.length, replayed, failed: bad.length }
    },
  })
}

export default defineConfig({
  flows: {
    scans: replaying('json-invalid'),
    quotes: toy(),
    mirror: toy({ kind: 'sync' }),
    topic: toy({ deadLetters: [] }),
  },
})
