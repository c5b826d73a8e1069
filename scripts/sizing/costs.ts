import { z } from 'zod'

/** A system at the other end of the tool's connections. */
const System = z.object({
  /** Of the server's processes; left out for a broker, which is a double here. */
  processorSeconds: z.number().optional(),
  /** Over the wire, as the tool sees it. */
  receivedBytes: z.number(),
  sentBytes: z.number(),
  /** What the flow keeps there for itself, at the end. */
  stateBytes: z.number().optional(),
})

const FlowCost = z.object({
  rows: z.number().int().positive(),
  /** By the clock. */
  seconds: z.number(),
  tool: z.object({ processorSeconds: z.number(), peakMemoryBytes: z.number() }),
  source: System.optional(),
  target: System.optional(),
  broker: System.optional(),
})

export const FLOWS = [
  'sync-compare',
  'sync-fill',
  'sync-follow',
  'ingest-files',
  'ingest-kurrentdb',
  'ingest-kurrentdb-group',
  'ingest-pubsub',
  'ingest-kafka',
  'feed',
  'check-equal',
  'check-different',
  'check-references',
] as const
export type FlowName = (typeof FLOWS)[number]

/** `docs/sizing/costs.json`: what `npm run bench -- costs` has measured. */
export const Costs = z.object({
  /** `2026-11-29` */
  measuredOn: z.iso.date(),
  machine: z.object({
    cores: z.number(),
    processor: z.string(),
    memoryBytes: z.number(),
    node: z.string(),
    postgres: z.string(),
  }),
  flows: z.record(z.enum(FLOWS), FlowCost),
})
export type Costs = z.infer<typeof Costs>
export type FlowCost = z.infer<typeof FlowCost>
export type System = z.infer<typeof System>
