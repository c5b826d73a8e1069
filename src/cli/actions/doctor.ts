import { selectFlows } from '../../config/select-flows.js'
import type { Database } from '../../core/database.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Flow } from '../../core/flow.js'
import { scrub } from '../../core/secret.js'
import { openQueue } from '../../worker/open-queue.js'
import { AlertDoctor } from '../alerts/alert-doctor.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { diagnoseLetters } from '../letters/diagnose-letters.js'
import { onlyReads, withConfig } from '../open-config.js'
import { renderDiagnoses } from '../render/diagnosis-list.js'
import { paint } from '../render/paint.js'
import { within } from '../within.js'

const DEADLINE_MS = 30_000

export interface DoctorArguments {
  readonly flows: readonly string[]
  readonly config?: string
  readonly json: boolean
}

/** Asks each flow what would stop or slow it. */
export async function doctor(io: Io, args: DoctorArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const alerts = new AlertDoctor(config)
    let kept: Promise<readonly Diagnosis[]> | undefined
    const diagnoseKept = (flow: Flow): Promise<readonly Diagnosis[]> => {
      if (config.state === undefined || !onlyReads(flow)) return Promise.resolve([])
      kept ??= diagnoseState(config.state)
      return kept
    }
    const flows = await Promise.all(
      selectFlows(config, args.flows).map(async (named) => {
        const { name, flow } = named
        const looked = [
          diagnose(name, flow),
          diagnoseQueue(flow),
          diagnoseKept(flow),
          diagnoseLetters(name, flow),
          alerts.diagnose(named),
        ]
        return { flow: name, diagnoses: (await Promise.all(looked)).flat() }
      }),
    )
    const failed = flows.some(({ diagnoses }) => diagnoses.some(({ level }) => level === 'error'))
    io.out(args.json ? toJson({ ok: !failed, flows }) : renderDiagnoses(flows, paint(io)))
    return failed ? EXIT.config : EXIT.ok
  })
}

/** Of flows that only read: how they stand, and who runs them where only one may, is kept in the config's `state`. */
function diagnoseState(state: Database): Promise<readonly Diagnosis[]> {
  return findings(state.label, async (signal) => (await state.diagnoseState?.(signal)) ?? [])
}

async function diagnoseQueue(flow: Flow): Promise<readonly Diagnosis[]> {
  await using queue = openQueue(flow)
  if (queue === undefined) return []
  return await findings('the queue', (signal) => queue.diagnose(signal))
}

/** A flow that cannot even be looked at is a finding as well. */
function diagnose(name: string, flow: Flow): Promise<readonly Diagnosis[]> {
  return findings(`flow ${name}`, (signal) => flow.diagnose(signal))
}

async function findings(
  subject: string,
  look: (signal: AbortSignal) => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> {
  try {
    return await within(DEADLINE_MS, subject, look)
  } catch (error) {
    if (error instanceof ConfigError) {
      return [{ level: 'error', subject: error.key, message: scrub(error.problem), fix: error.fix }]
    }
    const message = scrub(error instanceof Error ? error.message : String(error))
    return [{ level: 'error', subject, message }]
  }
}
