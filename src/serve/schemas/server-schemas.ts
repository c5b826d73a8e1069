import { z } from '@hono/zod-openapi'
import type { About, Problem, Readiness } from '../../client/wire/server.js'

export const AboutSchema: z.ZodType<About> = z
  .object({
    name: z.literal('lockstep'),
    version: z.string(),
    mode: z.enum(['run', 'watch']),
    readOnly: z.boolean(),
    startedAt: z.string().openapi({ format: 'date-time' }),
    now: z.string().openapi({ format: 'date-time' }),
  })
  .openapi('About')

export const ProblemSchema: z.ZodType<Problem> = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    fix: z.string().optional(),
    requestId: z.string().optional(),
  })
  .openapi('Problem')

export const ReadinessSchema: z.ZodType<Readiness> = z
  .object({ ready: z.boolean(), problems: z.array(z.object({ subject: z.string(), reason: z.string() })) })
  .openapi('Readiness')
