import { references } from './references/references.js'
import { tables } from './tables.js'

/** Flows that compare and report: `check.tables({ left, right })`, `check.references({ master, references })`. */
export const check = { references, tables } as const
