import { DataError } from '../../core/errors.js'

/** What is wrong with a row, each of it said apart, without values of the row. */
export class InvalidRow extends DataError {
  readonly problems: readonly string[]

  constructor(code: string, problems: readonly string[], options?: { readonly cause?: unknown }) {
    super(code, problems.join('; '), options)
    this.problems = problems
  }
}
