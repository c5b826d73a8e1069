import { tables } from './tables.js'

/** Flows that compare and report: `check.tables({ left, right })`. */
export const check = { tables } as const
