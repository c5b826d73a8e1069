import * as v from 'valibot'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { checkSchema } from './check-schema.js'
import { printable } from './printable.js'
import { faultOf } from './rejection.js'

const SECRET = 'hunter2'

it('tells of five issues at most, by path and by what was expected', () => {
  const schema = z.object({ a: z.object({ b: z.array(z.string()) }), mail: z.email(), n: z.number().min(3) })
  expect(() => checkSchema(schema, { a: { b: ['x', 7] }, mail: SECRET, n: 1 })).toThrow(
    /^a\.b\.1: expected string; mail: expected email; n: expected at least 3$/,
  )
  const many = z.object(Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`f${at}`, z.string()])))
  expect(() => checkSchema(many, {})).toThrow(/^(f\d: expected string; ){5}and 4 more$/)
})

it('says nothing of the values, whatever the library does', () => {
  const schema = v.object({ a: v.pipe(v.string(), v.email()), b: v.number() })
  expect(v.safeParse(schema, { a: SECRET, b: SECRET }).issues?.[0]?.message).toContain(SECRET)
  expect(() => checkSchema(schema, { a: SECRET, b: SECRET })).toThrow(/^(?!.*hunter2)a: .+; b: expected number$/)
  const own = (message: string) => ({
    '~standard': { version: 1, vendor: 'own', validate: () => ({ issues: [{ message }] }) } as const,
  })
  expect(() => checkSchema(own(`not ${SECRET}`), { deep: [{ pass: SECRET }] })).toThrow(/^value: is not valid$/)
  expect(() => checkSchema(own('not a quote'), { deep: [{ pass: SECRET }] })).toThrow(/^value: not a quote$/)
})

it('awaits a schema that takes its time', async () => {
  const schema = z.string().refine(async (text) => text.length > 3)
  await expect(checkSchema(z.object({ a: schema }), { a: 'long' }) instanceof Promise).toBe(true)
  await expect(checkSchema(schema, 'long')).resolves.toBe('long')
  await expect(checkSchema(schema, 'x')).rejects.toMatchObject({ code: 'schema-mismatch' })
})

it('makes a reason that every database and terminal can take', () => {
  expect(printable(`a\0b\u001b[2J\ud800c`)).toBe('a\ufffdb\ufffd[2J\ufffdc')
  expect(printable('x'.repeat(600))).toHaveLength(500)
  expect(faultOf('schema', new Error(SECRET)).reason).not.toContain(SECRET)
})
