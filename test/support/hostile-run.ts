import { z } from 'zod'
import { type Program, startProgram } from './program.js'

export interface HostileOptions {
  readonly a: string
  readonly b: string
  /** Needs a primary key of one `uuid` or `bigint` column and a text column; empty of what the same seed wrote before. */
  readonly table: string
  readonly seconds: number
  readonly seed: number
  /** Default 12, half of them on each side. */
  readonly writers?: number
  /** Change rows too; the table needs a `bigint` column `version`. */
  readonly updates?: boolean
  /** Default `['vacuum']`. */
  readonly disturb?: readonly ('vacuum' | 'vacuum-full' | 'cluster')[]
  /** An open transaction in another database of each server for the whole run. */
  readonly openElsewhere?: boolean
  /** File that gets every acknowledged key, for `acknowledgedMinusStored`. */
  readonly acknowledged?: string
}

const Deeds = z.object({
  acknowledged: z.number(),
  inDoubt: z.number(),
  actions: z.record(z.string(), z.number()),
  errors: z.record(z.string(), z.number()),
})
const Result = z.object({ seed: z.number(), a: Deeds, b: Deeds, disturbed: z.record(z.string(), z.number()) })

export type HostileResult = z.infer<typeof Result>

export interface HostileRun extends Program {
  readonly result: Promise<HostileResult>
}

/** Starts the hostile writers as a process of their own; `process.kill('SIGTERM')` ends them early and well. */
export function startHostileWriters(options: HostileOptions): HostileRun {
  const flags = [
    ...Object.entries({
      a: options.a,
      b: options.b,
      table: options.table,
      seconds: options.seconds,
      seed: options.seed,
    }),
    ['writers', options.writers ?? 12],
    ['disturb', (options.disturb ?? ['vacuum']).join(',')],
    ...(options.acknowledged === undefined ? [] : [['acknowledged', options.acknowledged]]),
  ].flatMap(([name, value]) => [`--${name}`, String(value)])
  const switches = [
    options.updates === true ? '--updates' : '',
    options.openElsewhere === true ? '--open-elsewhere' : '',
  ]
  const program = startProgram('hostile-writers.ts', [...flags, ...switches.filter((flag) => flag !== '')])
  const result = program.output.then((text) => Result.parse(JSON.parse(text.trim().split('\n').at(-1) ?? '')))
  result.catch(() => undefined)
  return { ...program, result, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
