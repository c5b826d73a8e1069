import { expect, it } from 'vitest'
import { titlesIn } from './titles.js'

it('finds the titles of tests and groups, however they are called, and no other text', () => {
  const text = `
    describe.each(TARGETS)('on $name', ({ target }) => {
      test('it is stored', async () => { await query(url, 'select 1'); expect(x, 'why').toBe(1) })
      test.each(['a', 'b'] as const)('cut %s', { timeout: 5 }, (when) => underLoad(when))
      mounted("it's full", function () {})
      it(\`is red for \${seconds} s: \${why}\`, LONG, () => {})
    })
    // test('is gone', () => {})
    const title = 'is no test'
    it(title, () => {})`
  expect([...titlesIn(text)]).toEqual(['on $name', 'it is stored', 'cut %s', "it's full", 'is red for … s: …'])
})
