// A plugin of typedoc: modules are called as one imports them, `lockstep/postgres`, and not after their folders.
import { Converter, ReflectionKind } from 'typedoc'
import packageJson from '../../package.json' with { type: 'json' }

/** `adapters/objects/s3` -> `lockstep/s3` */
const names = new Map(
  Object.entries(packageJson.exports).flatMap(([name, { default: file }]) => {
    if (file === undefined) return []
    const path = file.replace(/^\.\/dist\//, '').replace(/(\/index)?\.js$/, '')
    return [[path, name.replace(/^\./, 'lockstep')]]
  }),
)

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = names.get(module.name) ?? module.name
    }
  })
}
