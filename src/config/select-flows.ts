import { ConfigError } from '../core/errors.js'
import type { Flow } from '../core/flow.js'
import type { Config } from './define-config.js'
import { nearest } from './nearest.js'

export interface NamedFlow {
  readonly name: string
  readonly flow: Flow
}

/** The flows a command line names, in its order; all of them when it names none. */
export function selectFlows(config: Config, names: readonly string[]): readonly NamedFlow[] {
  if (names.length === 0) return Object.entries(config.flows).map(([name, flow]) => ({ name, flow }))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw new ConfigError({
      code: 'flow-named-twice',
      key: `flows.${twice}`,
      message: 'is named twice on the command line',
      fix: 'name each flow once',
    })
  }
  return names.map((name) => ({ name, flow: find(config, name) }))
}

function find(config: Config, name: string): Flow {
  const flow = Object.hasOwn(config.flows, name) ? config.flows[name] : undefined
  if (flow !== undefined) return flow
  const known = Object.keys(config.flows)
  const near = nearest(name, known)
  throw new ConfigError({
    code: 'flow-unknown',
    key: `flows.${name}`,
    message: 'there is no flow of this name',
    fix: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `name one of: ${known.join(', ')}`,
  })
}
