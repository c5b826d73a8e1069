import { describe, it } from 'vitest'

/** A sentence of the contract, and the test that it holds. */
export type ContractTests = Readonly<Record<string, () => Promise<void>>>

export interface ContractOptions {
  /** Tests that this adapter cannot pass, and why. One that would pass now fails, so that the list stays true. */
  readonly unsupported?: readonly Unsupported[]
}

export interface Unsupported {
  readonly reason: string
  /** Names of tests, as the suite gives them. */
  readonly tests: readonly string[]
}

/** Declares a contract suite for one adapter. */
export function contract(name: string, tests: ContractTests, options: ContractOptions = {}): void {
  const reasons = new Map<string, string>()
  for (const { reason, tests: names } of options.unsupported ?? []) {
    for (const test of names) {
      if (!(test in tests)) throw new Error(`${name}: there is no test "${test}" to call unsupported`)
      reasons.set(test, reason)
    }
  }
  describe(name, () => {
    for (const [sentence, test] of Object.entries(tests)) {
      const reason = reasons.get(sentence)
      if (reason === undefined) it(sentence, test)
      else it(`${sentence} (unsupported: ${reason})`, () => failing(sentence, test))
    }
  })
}

/** Resolves when the test fails. */
export async function failing(sentence: string, test: () => Promise<void>): Promise<void> {
  const passes = await test().then(
    () => true,
    () => false,
  )
  if (passes) throw new Error(`"${sentence}" passes now: take it from the list of unsupported tests`)
}
