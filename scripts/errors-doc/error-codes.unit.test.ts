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
