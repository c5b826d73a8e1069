import { ConfigError } from './errors.js'

/** For `await import('x').catch(missingPeer(...))`: client libraries are only there when the user installed them. */
export function missingPeer(peer: { readonly name: string; readonly install: string; readonly key: string }) {
  return (cause: unknown): never => {
    throw new ConfigError({
      code: 'package-missing',
      key: peer.key,
      message: `the package ${peer.name} is not installed, or cannot be loaded`,
      fix: `npm install ${peer.install}`,
      cause,
    })
  }
}
