/** A value in a statement: as a literal for a script, as a parameter when it is run. */
export interface Value<Parameter> {
  readonly literal: string
  readonly parameter: Parameter
}

/** SQL with values in it. */
export type Piece<Parameter> = string | Value<Parameter>
export type Statement<Parameter> = readonly Piece<Parameter>[]

/** All of it as text. */
export function statementText<Parameter>(statement: Statement<Parameter>): string {
  return statement.map((piece) => (typeof piece === 'string' ? piece : piece.literal)).join('')
}

/** Statements with a separator in between. */
export function joined<Parameter>(parts: readonly Statement<Parameter>[], separator: string): Statement<Parameter> {
  return parts.flatMap((part, at) => (at === 0 ? part : [separator, ...part]))
}

/** Longer values are guarded by their md5, so that no statement holds a large value that it does not write. */
export const GUARD_CHARACTERS = 1_000
