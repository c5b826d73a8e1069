import type { NamedFlow } from '../../config/select-flows.js'
import { ConfigError, type ExitCode, LockstepError } from '../../core/errors.js'
import type { Observer } from '../../core/observer.js'
import type { Schedule } from '../../core/schedule.js'
import type { StateStore } from '../../core/state.js'
import { within } from '../within.js'
import { type Claim, DueClaims } from './due-claims.js'
import type { ScheduledFlow } from './run-scheduled.js'

const READY_DEADLINE_MS = 30_000
const CLAIM_DEADLINE_MS = 5_000

interface Surroundings {
  readonly schedule: Schedule
  readonly observer: Observer
  /** `undefined`: instances know nothing of each other. */
  readonly state: StateStore | undefined
  run(): Promise<ExitCode>
}

/** What `runScheduled` needs of a flow of the config. */
export function scheduledFlow(named: NamedFlow, { schedule, observer, state, run }: Surroundings): ScheduledFlow {
  const { name, flow } = named
  const claims = state === undefined ? undefined : new DueClaims(state, name)
  const tell = (code: string, message: string): void =>
    observer({ flow: name, type: 'notice', level: 'warn', code, message })
  return {
    name,
    kind: flow.kind,
    schedule,
    run,
    ready: () => ready(named, (message) => tell('schedule-not-ready', message)),
    async claim(dueMs): Promise<Claim> {
      if (claims === undefined) return 'unknown'
      try {
        return await within(CLAIM_DEADLINE_MS, `flow ${name}`, (signal) => claims.take(dueMs, signal))
      } catch (error) {
        const reason = error instanceof LockstepError ? error.message.split('\n')[0] : 'it failed'
        tell('due-unclaimed', `whether another instance runs this too cannot be asked (${reason}), so it is run`)
        return 'unknown'
      }
    },
  }
}

/**
 * A mistake in the config or the schema should be told now, and not at three in the morning. What only waiting can mend
 * may have been mended by then.
 */
async function ready({ name, flow }: NamedFlow, tell: (message: string) => void): Promise<void> {
  try {
    const found = await within(READY_DEADLINE_MS, `flow ${name}`, (signal) => flow.diagnose(signal))
    for (const { level, subject, message, fix } of found) {
      if (level !== 'error') continue
      if (fix !== undefined) {
        const key = `flows.${name}`
        throw new ConfigError({ code: 'schedule-not-ready', key, message: `${subject}: ${message}`, fix })
      }
      tell(`${subject}: ${message}; until that is mended no run will work`)
    }
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof LockstepError)) throw error
    tell(error.message)
  }
}
