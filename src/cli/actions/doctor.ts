import { selectFlows } from '../../config/select-flows.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Flow } from '../../core/flow.js'
import { scrub } from '../../core/secret.js'
import { AlertDoctor } from '../alerts/alert-doctor.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { diagnoseLetters } from '../letters/diagnose-letters.js'
import { withConfig } from '../open-config.js'
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
    const flows = await Promise.all(
      selectFlows(config, args.flows).map(async (named) => {
        const { name, flow } = named
        const looked = [diagnose(name, flow), diagnoseLetters(name, flow), alerts.diagnose(named)]
        return { flow: name, diagnoses: (await Promise.all(looked)).flat() }
      }),
    )
    const failed = flows.some(({ diagnoses }) => diagnoses.some(({ level }) => level === 'error'))
    io.out(args.json ? toJson({ ok: !failed, flows }) : renderDiagnoses(flows, paint(io)))
    return failed ? EXIT.config : EXIT.ok
  })
}

/** A flow that cannot even be looked at is a finding as well. */
async function diagnose(name: string, flow: Flow): Promise<readonly Diagnosis[]> {
  try {
    return await within(DEADLINE_MS, `flow ${name}`, (signal) => flow.diagnose(signal))
  } catch (error) {
    if (error instanceof ConfigError) {
      return [{ level: 'error', subject: error.key, message: scrub(error.problem), fix: error.fix }]
    }
    const message = scrub(error instanceof Error ? error.message : String(error))
    return [{ level: 'error', subject: `flow ${name}`, message }]
  }
}
