import { InvalidArgumentError, Option } from 'commander'
import {
  LETTER_STAGES,
  LETTER_STATES,
  type LetterFilter,
  type LetterStage,
  type LetterState,
} from '../../core/dead-letter.js'

/** What a command line says of the letters it means. */
export interface LetterOptions {
  readonly code?: readonly string[]
  readonly stage?: readonly LetterStage[]
  readonly state?: readonly LetterState[]
  readonly since?: string
  readonly until?: string
}

/** Made anew for each command, as commander binds an option to the command it is added to. */
export function letterOptions(): readonly Option[] {
  return [
    new Option('--code <codes>', 'only these, e.g. schema-invalid,json-invalid; may be repeated').argParser(listOf()),
    new Option('--stage <stages>', `only where they failed: ${LETTER_STAGES.join(', ')}`).argParser(
      listOf(LETTER_STAGES),
    ),
    new Option('--state <states>', `${LETTER_STATES.join(', ')} (default: dead,held)`).argParser(listOf(LETTER_STATES)),
    new Option(
      '--since <when>',
      'last failed at this time or later: 2026-01-31T12:00Z, or an age such as 90m, 2h, 7d',
    ).argParser((text) => moment(text, Date.now())),
    new Option('--until <when>', 'last failed before this time; as --since').argParser((text) =>
      moment(text, Date.now()),
    ),
  ]
}

export function filterOf({ code, stage, state, since, until }: LetterOptions): LetterFilter {
  return {
    ...(code === undefined ? {} : { codes: code }),
    ...(stage === undefined ? {} : { stages: stage }),
    ...(state === undefined ? {} : { states: state }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

function listOf(known?: readonly string[]): (text: string, before?: readonly string[]) => readonly string[] {
  return (text, before = []) => {
    const words = text.split(',').map((word) => word.trim())
    const wrong = words.find((word) => word === '' || known?.includes(word) === false)
    if (wrong !== undefined) {
      throw new InvalidArgumentError(
        known === undefined ? 'A code may not be empty.' : `Allowed choices are ${known.join(', ')}.`,
      )
    }
    return [...before, ...words]
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** ISO 8601, UTC, for a moment or an age. A time without a zone is local, as in all of JavaScript. */
export function moment(text: string, nowMs: number): string {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit]
  if (amount !== undefined && unitMs !== undefined) return new Date(nowMs - Number(amount) * unitMs).toISOString()
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Write a time such as 2026-01-31T12:00Z, or an age such as 90m, 2h or 7d.')
  }
  return new Date(ms).toISOString()
}
