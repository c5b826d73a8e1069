import type { DeadLetterStore } from '../../core/dead-letter.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import type { Flow } from '../../core/flow.js'
import { scrub } from '../../core/secret.js'
import { count, plural, visible } from '../render/format.js'
import { within } from '../within.js'
import { letterPages, nothingYet } from './letters-of.js'

const DEADLINE_MS = 10_000
/** More are counted, but their codes are not looked at. */
const LOOKED_AT = 1_000

/** Letters that wait for a person, by code. */
export async function diagnoseLetters(name: string, flow: Flow): Promise<readonly Diagnosis[]> {
  const found = await Promise.all([...new Set(flow.deadLetters)].map((store) => diagnoseStore(name, store)))
  return found.flat()
}

async function diagnoseStore(name: string, store: DeadLetterStore): Promise<readonly Diagnosis[]> {
  const subject = store.label
  try {
    const asked = within(DEADLINE_MS, subject, () => store.count(name, ['dead']))
    const total = await asked.catch((error: unknown) => nothingYet(error).length)
    if (total === 0) return []
    const message = `${plural(total, 'dead letter')}: ${await codesOf(name, store, total)}`
    const fix = `lockstep dead-letters list ${name}; correct what refuses them, then replay or discard them`
    return [{ level: 'warn', subject, message, fix }]
  } catch (error) {
    const message = `its dead letters could not be counted: ${scrub(error instanceof Error ? error.message : String(error))}`
    return [{ level: 'warn', subject, message }]
  }
}

async function codesOf(name: string, store: DeadLetterStore, total: number): Promise<string> {
  const counts = new Map<string, number>()
  for await (const page of letterPages(store, name, { states: ['dead'], limit: LOOKED_AT })) {
    for (const { code } of page) counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  const codes = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([code, letters]) => `${visible(code)} ${count(letters)}`)
    .join(', ')
  return total > LOOKED_AT ? `of the first ${count(LOOKED_AT)}: ${codes}` : codes
}
