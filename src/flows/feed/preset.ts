import type { Generation } from './part-file.js'
import type { Seen } from './seen.js'

/** What a consumer of feeds asks for beyond the format of their files. */
export interface Preset {
  /** For messages: `actionsCenter`. */
  readonly name: string
  readonly descriptor: DescriptorRule
  /** The field that tells a row from all others. */
  readonly key: string
  /** Bytes of a file as stored, at most. */
  readonly maxFileBytes: number
  /** More files than this are told. */
  readonly recommendedFiles: number
  /** Ends files with what is known only when there are all of them. */
  readonly together: boolean
  /** All that `validator` goes by, as text: equal where rows are judged alike. */
  readonly rules: string
  /** Called for each export; what it answers judges the rows of that export, in their order. `seen`: keys of valid rows before. */
  validator(seen: Seen): RowValidator
}

/** A file that readers look for instead of the manifest. */
export interface DescriptorRule {
  /** How all descriptors of this feed begin; what follows is the timestamp of the generation and `suffix`. */
  readonly prefix: string
  readonly suffix: string
  content(generation: Pick<Generation, 'timestamp'>, files: readonly string[]): unknown
}

/** Throws a `DataError` that says what is wrong with the row, without its values; it may remember rows before. */
export type RowValidator = (row: unknown) => void

export function descriptorName(
  { prefix, suffix }: DescriptorRule,
  { timestamp }: Pick<Generation, 'timestamp'>,
): string {
  return `${prefix}${timestamp}${suffix}`
}
