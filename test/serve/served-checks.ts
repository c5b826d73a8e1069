import type { Config, Flow } from 'lockstep'
import { LockstepClient } from 'lockstep/client'
import { memoryDatabase } from 'lockstep/memory'
import { expect } from 'vitest'
import { openDesk } from '../../src/cli/serve/open-desk.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { appOf } from './subject.js'

/** Checks behind the API, with their runs in memory. */
export function servedChecks(flows: Readonly<Record<string, Flow>>) {
  const state = memoryDatabase({ tables: [] })
  const serve = (served: Readonly<Record<string, Flow>>): LockstepClient => {
    const config: Config = { flows: served, state }
    const named = Object.entries(served).map(([name, flow]) => ({ name, flow }))
    const board = new FlowBoard()
    const app = appOf(openDesk(config, named, { board, observer: board.observer, ...shutdown() }))
    const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      const headers = new Headers(init.headers)
      headers.set('host', 'localhost')
      return app.fetch(new Request(input, { ...init, headers }))
    }
    return new LockstepClient({ url: 'http://localhost', fetch })
  }
  const client = serve(flows)
  const never = new AbortController().signal
  return {
    client,
    /** Other flows over the same runs. */
    serve,
    /** Runs the check, and says which run it was. */
    async check(name: string): Promise<string> {
      const context = { name, observer: () => {}, drain: never, abort: never, untilCaughtUp: true, state: state.state }
      await flows[name]?.check?.(context, {})
      const [newest] = (await client.checks(name, { limit: 1 })).items
      return newest?.id ?? expect.fail('no run is kept')
    },
  }
}
