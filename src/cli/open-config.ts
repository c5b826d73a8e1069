import type { Config } from '../config/define-config.js'
import { loadConfig } from '../config/load-config.js'
import type { NamedFlow } from '../config/select-flows.js'
import type { Database } from '../core/database.js'
import type { Flow } from '../core/flow.js'
import type { Io } from './io.js'

const CLOSE_DEADLINE_MS = 5_000

/** Loads the config, hands it to `work` and closes every database of it afterwards, whatever happened. */
export async function withConfig<Result>(
  io: Io,
  file: string | undefined,
  work: (config: Config) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfig({ cwd: io.cwd, ...(file === undefined ? {} : { file }) })
  try {
    return await work(config)
  } finally {
    await close(databasesOf(config))
  }
}

/** Each database once, although flows share them. */
export function databasesOf(config: Config): readonly Database[] {
  const databases = new Set(Object.values(config.flows).flatMap((flow) => flow.databases))
  if (config.state !== undefined) databases.add(config.state)
  return [...databases]
}

/**
 * The database a flow tells its state to: its own first one, else the config's. Flows that only read their databases write
 * to the config's alone; `undefined`: nowhere.
 */
export function stateOf(config: Config, flow: NamedFlow): Database | undefined {
  return statePlacesOf(config, flow)[0]
}

/** Every database that may hold something of the flow's state: each side of a `sync` records what was refused there. */
export function statePlacesOf(config: Config, { flow }: NamedFlow): readonly Database[] {
  const own = onlyReads(flow) ? [] : [...new Set(flow.databases)]
  return own.length > 0 || config.state === undefined ? own : [config.state]
}

/** It writes nothing to its own databases, not even how it stands. */
export function onlyReads({ kind }: Flow): boolean {
  return kind === 'check' || kind === 'feed'
}

/** A database that does not close in time is left: the process ends anyway. */
async function close(databases: readonly Database[]): Promise<void> {
  const closing = Promise.allSettled(databases.map((database) => database[Symbol.asyncDispose]()))
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_DEADLINE_MS)
  })
  await Promise.race([closing, deadline])
  clearTimeout(timer)
}
