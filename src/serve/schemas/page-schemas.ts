import { z } from '@hono/zod-openapi'
import type { Page } from '../../client/wire/server.js'

export const MAX_PAGE = 200

export function paged<Item>(name: string, item: z.ZodType<Item>): z.ZodType<Page<Item>> {
  return z.object({ items: z.array(item), next: z.string().nullable() }).openapi(name)
}

export const PageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().max(2_000).optional(),
})

export const FlowParam = z.object({
  flow: z.string().openapi({ param: { name: 'flow', in: 'path' }, description: 'Name of a flow in the config.' }),
})
