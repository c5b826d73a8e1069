import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { ENTRIES } from './load-config.js'

describe('what a config may import', () => {
  it('is all that the package exports', () => {
    const exported = Object.entries(packageJson.exports).flatMap(([name, entry]) =>
      typeof entry === 'string' ? [] : [[name.replace(/^\./, 'lockstep'), entry.default.replace('./dist/', '')]],
    )
    const imported = Object.entries(ENTRIES).map(([name, path]) => [
      name,
      new URL(path, 'file:///config/').pathname.slice(1),
    ])
    expect(Object.fromEntries(imported)).toEqual(Object.fromEntries(exported))
  })
})
