import { expect, it } from 'vitest'
import { errorCodesIn } from './error-codes.js'

it('finds the codes, messages and fixes that a source text throws', () => {
  const text = `
    throw new UnavailableError('gone', \`\${label} went away\`, { cause })
    throw new ConfigError({ code: 'key-missing', key, message: 'no key', fix: \`run \${sql} now\` })
    return problem(subject, { code: 'table-kind', message: odd, fix: 'name a ' + 'table' })
    notice({ level: 'warn', code: 'not-an-error', message: 'x' })
    throw new DataError(code, message)
    throw new TypeError('not-ours')`
  expect(errorCodesIn(text)).toEqual([
    { errorClass: 'UnavailableError', code: 'gone', message: '… went away', fix: '' },
    { errorClass: 'ConfigError', code: 'key-missing', message: 'no key', fix: 'run … now' },
    { errorClass: 'ConfigError', code: 'table-kind', message: '', fix: 'name a table' },
  ])
})

it('finds refused rows, faults of messages, one code of two, and texts in constants', () => {
  const text = `
    const what = 'too long'
    return { code: 'invalid-text', why: \`column \${name} holds a NUL\` }
    function broken() { const reason = 'odd quotes'; return { code: 'csv-quotes', reason } }
    throw new Rejection('too-large', what)
    notice({ type: 'skipped', code: 'not-a-fault', reason: 'x' })
    throw new ConfigError({ code: isTopic ? 'topic-missing' : 'group-missing', message: what, fix: 'create it' })`
  expect(errorCodesIn(text)).toEqual([
    { errorClass: 'DataError', code: 'invalid-text', message: 'column … holds a NUL', fix: '' },
    { errorClass: 'Fault', code: 'csv-quotes', message: 'odd quotes', fix: '' },
    { errorClass: 'Fault', code: 'too-large', message: 'too long', fix: '' },
    { errorClass: 'ConfigError', code: 'topic-missing', message: 'too long', fix: 'create it' },
    { errorClass: 'ConfigError', code: 'group-missing', message: 'too long', fix: 'create it' },
  ])
})
