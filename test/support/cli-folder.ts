import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the test files of a run keep the one build of the command line that they share. */
    readonly cliFolder: string
  }
}

let folder: string | undefined

/** Called by vitest once before the whole run. Nothing is built before a test asks for it. */
export async function setup(project: TestProject): Promise<void> {
  // Below the checkout, so that the build finds its dependencies.
  const parent = fileURLToPath(new URL('../../.lockstep', import.meta.url))
  await mkdir(parent, { recursive: true })
  folder = await mkdtemp(join(parent, 'cli-'))
  project.provide('cliFolder', folder)
}

/** Called by vitest after the whole run. */
export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
}
