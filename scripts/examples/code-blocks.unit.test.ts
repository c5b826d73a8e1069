import { expect, test } from 'vitest'
import { codeBlocks } from './code-blocks.js'

const PAGE = [
  '# Page',
  '```ts',
  '// a.ts',
  'one',
  '```',
  '```sh',
  'npm i',
  '```',
  '```ts',
  '// a.ts',
  '```',
  '```ts',
  '2',
  '```',
]

test('blocks have the name of their first line once, and the line where they begin', () => {
  expect(codeBlocks(PAGE.join('\n'))).toEqual([
    { name: 'a.ts', line: 3, text: '// a.ts\none' },
    { name: 'block-2.ts', line: 10, text: '// a.ts' },
    { name: 'block-3.ts', line: 13, text: '2' },
  ])
  expect(codeBlocks('no code')).toEqual([])
})
