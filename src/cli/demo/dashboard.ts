import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../embedded/free-port.js'
import type { Program } from './program.js'
import type { Played } from './scene.js'
import type { Stage } from './stage.js'

const PORT = 4680

/** `lockstep serve` over the flows of all scenes that are prepared: it reads what their processes tell their databases. */
export class Dashboard {
  readonly #stage: Stage
  readonly #played: Played[] = []
  #port: number | undefined
  #server: Program | undefined

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Starts the server anew, as a config is read once; pages that are open find it again by themselves. */
  async add(played: Played): Promise<void> {
    const { board } = this.#stage
    board.waiting('opening the dashboard')
    this.#played.push(played)
    await this.#server?.stop()
    const first = this.#port === undefined
    this.#port ??= await freePort(PORT)
    const folder = await this.#stage.folderOf({ name: 'dashboard' })
    const config = join(folder, 'lockstep.config.ts')
    await writeFile(config, configOf(this.#played, await this.#stage.stateUrl()))
    const address = `127.0.0.1:${this.#port}`
    this.#server = this.#stage.product(['serve', '--listen', address, '--config', config], { cwd: folder })
    if (first) board.done(`dashboard: ${board.paint.bold(`http://${address}`)}, with every scene from its start`)
  }
}

/** Each example is read with the environment of its scene. */
function configOf(played: readonly Played[], stateUrl: string): string {
  return `import { postgres } from 'lockstep/postgres'

const flows = {}
for (const { config, env } of ${JSON.stringify(played, null, 2)}) {
  Object.assign(process.env, env)
  Object.assign(flows, (await import(config)).default.flows)
}

export default { flows, state: postgres(${JSON.stringify(stateUrl)}) }
`
}
