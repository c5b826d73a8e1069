import { z } from 'zod'
import { FencedError } from '../../core/errors.js'
import type { LeaseRecord, LeaseTaking } from '../../core/lease.js'

const Stored = z.object({
  epoch: z.coerce.number(),
  holder: z.string().nullable(),
  instance: z.string().nullable(),
  since: z.string(),
  leftMs: z.coerce.number(),
  renewal: z.coerce.string(),
})

/** A row whose columns are named like the fields. */
export function asLease(row: unknown): LeaseRecord {
  const { holder, instance, ...lease } = Stored.parse(row)
  return { ...lease, holder: holder === null || instance === null ? undefined : { name: holder, id: instance } }
}

/** Under which a lease is taken. */
export function nextEpoch({ epoch = 0, above = 0 }: LeaseTaking): number {
  return Math.max(epoch, above) + 1
}

export function fenced(flow: string, epoch: number): FencedError {
  const message = `flow ${flow}: another instance took over; what this one wrote under epoch ${epoch} was not committed`
  return new FencedError('fenced', message)
}
