import { z } from 'zod'
import type { AlertRules, AlertSink, CheckAlert, FeedAlert, FlowAlert, StreamAlert } from '../core/alert.js'
import { ConfigError } from '../core/errors.js'

const sink = z.custom<AlertSink>(
  (value) => typeof value === 'object' && value !== null && 'send' in value && 'label' in value,
  'is nowhere that alerts can be sent to; give what webhook(...) returns',
)
const ms = z.number().int().min(0).max(2_147_483_647)
const whole = z.number().int().min(0)
const common = { to: z.union([sink, z.array(sink).min(1)]).optional(), stopped: z.boolean().optional() }

const Shapes = {
  check: z.strictObject({
    ...common,
    when: z
      .union([z.literal('any'), z.literal(false), whole.min(1)], "is 'any', a number from 1 on, or false")
      .optional(),
  }),
  feed: z.strictObject({ ...common, refused: z.boolean().optional() }),
  stream: z.strictObject({
    ...common,
    lagAboveMs: z.union([ms, z.literal(false)]).optional(),
    forMs: ms.optional(),
    deadLettersAbove: z.union([whole, z.literal(false)]).optional(),
  }),
}

/** Given with the other options of a flow, and looked at by `parseAlert`. */
export const AlertShape = {
  check: z.custom<CheckAlert>().optional(),
  feed: z.custom<FeedAlert>().optional(),
  stream: z.custom<StreamAlert>().optional(),
}

/** What a flow says of its alerts; `undefined` when it says nothing. `factory`: `feed`, for the key in a `ConfigError`. */
export function parseAlert(
  options: CheckAlert | FeedAlert | StreamAlert | undefined,
  kind: keyof typeof Shapes,
  factory: string,
): FlowAlert | undefined {
  if (options === undefined) return undefined
  if (options === false) return { on: false, to: undefined, rules: {} }
  const { success, data, error } = Shapes[kind].safeParse(options)
  if (!success) throw invalid(error, factory, Object.keys(Shapes[kind].shape))
  const { to } = data
  return { on: true, to: to === undefined || Array.isArray(to) ? to : [to], rules: rulesOf(data) }
}

type Given = { [Kind in keyof typeof Shapes]: z.output<(typeof Shapes)[Kind]> }[keyof typeof Shapes]

function rulesOf(given: Given): Partial<AlertRules> {
  return {
    ...(given.stopped === undefined ? {} : { stopped: given.stopped }),
    ...('when' in given && given.when !== undefined ? { checkDifferent: from(given.when) } : {}),
    ...('refused' in given && given.refused !== undefined ? { feedRefused: given.refused } : {}),
    ...('forMs' in given && given.forMs !== undefined ? { forMs: given.forMs } : {}),
    ...('lagAboveMs' in given && given.lagAboveMs !== undefined ? { lagAboveMs: above(given.lagAboveMs) } : {}),
    ...('deadLettersAbove' in given && given.deadLettersAbove !== undefined
      ? { deadLettersAbove: above(given.deadLettersAbove) }
      : {}),
  }
}

function from(when: 'any' | number | false): number | undefined {
  return when === 'any' ? 1 : above(when)
}

function above(limit: number | false): number | undefined {
  return limit === false ? undefined : limit
}

function invalid(error: z.ZodError, factory: string, known: readonly string[]): ConfigError {
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys' ? first.keys[0] : undefined
  const path = ['alert', ...(first?.path.map(String) ?? []), ...(unknown === undefined ? [] : [unknown])].join('.')
  return new ConfigError({
    code: 'option-invalid',
    key: `${factory}({ ${path} })`,
    message: unknown === undefined ? (first?.message ?? 'is not valid') : 'is no option',
    fix: unknown === undefined ? 'correct the option' : `remove it; known are ${known.join(', ')}`,
  })
}
