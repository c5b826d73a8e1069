import type { Message } from '../../core/message.js'
import { Rejection } from './rejection.js'
import type { PrepareSettings, Route } from './settings.js'

const MAX_TYPE_LENGTH = 100

/** Finds the route of a message. */
export interface Routes {
  /** Before the body is decoded; `undecided`: the value is needed. */
  early(message: Message): Route | 'undecided' | 'skip'
  late(message: Message, value: unknown): Route | 'skip'
}

/** Both throw a `Rejection` for a type without route, unless such are to be skipped. */
export function routesOf({ byType, map, schema, upcast, unknownTypes, typeOf }: PrepareSettings): Routes {
  if (byType === undefined) {
    if (map === undefined) throw new TypeError('an ingest has map or byType')
    const only: Route = {
      map,
      ...(schema === undefined ? {} : { schema }),
      ...(upcast === undefined ? {} : { upcast }),
    }
    return { early: () => only, late: () => only }
  }
  const routes = new Map(Object.entries(byType))
  const find = (type: string | undefined): Route | 'skip' => {
    const route = type === undefined ? undefined : routes.get(type)
    if (route !== undefined) return route
    if (unknownTypes === 'skip') return 'skip'
    throw new Rejection('unknown-type', unknown(type))
  }
  if (typeOf === undefined) {
    const early = (message: Message) => find(message.type)
    return { early, late: early }
  }
  const late = (message: Message, value: unknown) => find(typeOf(message, value))
  // A function of the message alone needs no decoded body, which may be none of ours.
  return { early: typeOf.length < 2 ? (message) => late(message, undefined) : () => 'undecided', late }
}

function unknown(type: string | undefined): string {
  if (type === undefined) return 'the message has no type; `typeOf` can take it from elsewhere'
  const shown = type.length > MAX_TYPE_LENGTH ? `${type.slice(0, MAX_TYPE_LENGTH)}…` : type
  return `\`byType\` has no route for the type ${JSON.stringify(shown)}`
}
