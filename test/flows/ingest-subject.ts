import type { TableRef } from 'lockstep'
import { type MemoryDatabase, type MemoryDatabaseOptions, memoryDatabase } from 'lockstep/memory'
import { z } from 'zod'
import type { Flow, FlowContext } from '../../src/core/flow.js'
import type { FlowEvent } from '../../src/core/observer.js'

export const FLOW = 'quotes'

export interface QuoteRow {
  readonly id: string
  readonly reference?: string | null | undefined
  readonly version?: number | undefined
}

export interface ItemRow {
  readonly quote: string
  readonly name: string
  readonly total?: number | null | undefined
}

export const Quote = z.object({ id: z.string(), reference: z.string().nullish(), version: z.number() })

export interface Subject {
  readonly database: MemoryDatabase
  readonly quotes: TableRef<QuoteRow>
  readonly items: TableRef<ItemRow>
}

/** Quotes with a version, and items that refer to them. Quotes with the reference `refused` are refused. */
export function subject(options: MemoryDatabaseOptions = {}): Subject {
  const database = memoryDatabase({
    tables: [
      {
        name: 'quotes',
        key: ['id'],
        refuse: (row) => (row['reference'] === 'refused' ? 'check-violation' : undefined),
      },
      {
        name: 'items',
        key: ['quote', 'name'],
        columns: [{ name: 'quote', parent: 'quotes' }, { name: 'name' }, { name: 'total' }],
      },
    ],
    ...options,
  })
  return {
    database,
    quotes: database.table<QuoteRow>('quotes', { key: ['id'], version: 'version' }),
    items: database.table<ItemRow>('items', { key: ['quote', 'name'] }),
  }
}

export interface Running extends FlowContext {
  readonly events: FlowEvent[]
  readonly draining: AbortController
  readonly aborting: AbortController
}

export function running(parts: Partial<FlowContext> = {}): Running {
  const events: FlowEvent[] = []
  const draining = new AbortController()
  const aborting = new AbortController()
  return {
    name: FLOW,
    observer: (event) => {
      events.push(event)
    },
    drain: draining.signal,
    abort: aborting.signal,
    untilCaughtUp: false,
    events,
    draining,
    aborting,
    ...parts,
  }
}

/** Runs until the stream ends. */
export async function runToEnd(flow: Flow): Promise<readonly FlowEvent[]> {
  const context = running()
  await flow.run(context)
  return context.events
}

export function ofType<Type extends FlowEvent['type']>(
  events: readonly FlowEvent[],
  type: Type,
): readonly Extract<FlowEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<FlowEvent, { type: Type }> => event.type === type)
}
