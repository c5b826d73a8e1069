import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const Package = z.looseObject({ name: z.string() })

/** The folder of an example in this package. Scenes play the examples as they are. */
export function exampleFolder(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!isPackage(folder)) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('the folder of the package lockstep was not found')
    folder = parent
  }
  return join(folder, 'examples', name)
}

function isPackage(folder: string): boolean {
  const file = join(folder, 'package.json')
  return existsSync(file) && Package.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data?.name === 'lockstep'
}
