import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { TEMPLATE_NAMES } from '../../src/cli/actions/templates.js'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { testDatabase } from '../support/postgres.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const database = testDatabase()

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

/** Below the checkout, so that packages are found as in a project that has installed them. */
async function project(): Promise<string> {
  await mkdir(join(ROOT, '.lockstep'), { recursive: true })
  const folder = await mkdtemp(join(ROOT, '.lockstep', 'init-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What the compiler says, whether it is content or not. */
const compile = (folder: string) =>
  new Promise<string>((resolve) => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    execFile(process.execPath, [tsc, '-p', folder], { cwd: folder }, (_, said) => resolve(said))
  })

const init = (template: string, cwd: string) => cli.start(['init', '--template', template], { cwd }).ended

test.each(TEMPLATE_NAMES)('the template %s loads', async (template) => {
  const folder = await project()
  expect(await init(template, folder)).toMatchObject({ code: 0, stderr: '' })
  const env = {
    A_URL: database.url,
    B_URL: database.url,
    DATABASE_URL: database.url,
    PUBSUB_PROJECT: 'project',
    PUBSUB_SUBSCRIPTION: 'subscription',
  }
  const status = await cli.start(['status'], { cwd: folder, env }).ended
  expect(status).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining(template === 'check' ? 'not kept' : 'never run'),
  })
})

// The compiler reads all of the sources.
test('all templates compile', { timeout: 180_000 }, async () => {
  const folder = await project()
  for (const template of TEMPLATE_NAMES) {
    await mkdir(join(folder, template))
    expect(await init(template, join(folder, template))).toMatchObject({ code: 0 })
  }
  await mkdir(join(folder, 'wrong'))
  await writeFile(join(folder, 'wrong', 'wrong.ts'), `export const one: number = 'text'`)
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['*/*.ts'] }),
  )
  const said = (await compile(folder)).split('\n')
  expect(said.filter((line) => [...TEMPLATE_NAMES].some((name) => line.startsWith(`${name}/`)))).toEqual([])
  expect(said).toContainEqual(expect.stringContaining('wrong/wrong.ts(1,14)'))
})
