import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { TableRef } from '../../core/database.js'
import type { Values } from '../../core/upsert.js'

/** Tables by the names that `map` calls them. */
export type TableGroup = Readonly<Record<string, TableRef>>

/** One table, or several that are written in one transaction. */
export type Into = TableRef | TableGroup

/** Nothing to store. */
// biome-ignore lint/suspicious/noConfusingVoidType: a map whose branch ends without `return` is meant.
export type None = null | undefined | void

/** What a row of a table may be; any values where the table was given by name. */
export type InsertOf<Ref> = Ref extends { readonly $insert?: infer Insert }
  ? unknown extends Insert
    ? Values
    : Exclude<Insert, undefined>
  : never

export type Rows<Insert> = Insert | readonly (Insert | None)[] | None

/** What `map` may answer: rows of the one table, or rows by the name of the table. */
export type Mapped<Tables> = Tables extends TableRef
  ? Rows<InsertOf<Tables>>
  : { readonly [Name in keyof Tables]?: Rows<InsertOf<Tables[Name]>> } | None

/** What a schema makes of a value; `unknown` without one. */
export type Output<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : unknown

/**
 * TypeScript lets a function return more properties than its type names, so a misspelt column that may be left out would
 * pass unseen. This is `unknown` when all names are right, else a type that nothing fits.
 */
export type Exact<Answer, Tables> = [Unknown<Answer, Tables>] extends [never]
  ? unknown
  : { readonly map: `no such column or table: ${Unknown<Answer, Tables> & string}` }

/**
 * The same for the routes of `byType`: `Right` when all names are right. It cannot stand in the options, as TypeScript
 * would have to know what a `map` answers before it looks at it; so it is what `ingest` returns, which then is no `Flow`.
 */
export type IfExact<Routes, Tables, Right> = [UnknownInRoutes<Routes, Tables>] extends [never]
  ? Right
  : NoSuchColumnOrTable<UnknownInRoutes<Routes, Tables>>

/** Only a type: what a flow is whose maps answer columns or tables that are not there. */
export interface NoSuchColumnOrTable<Names> {
  readonly names: Names
}

type UnknownInRoutes<Routes, Tables> = {
  [Type in keyof Routes]: Unknown<AnswerOf<Routes[Type]>, Tables>
}[keyof Routes]

type AnswerOf<Route> = Route extends { readonly map: (...given: never[]) => infer Answer } ? Awaited<Answer> : never

type Unknown<Answer, Tables> = Tables extends TableRef
  ? UnknownColumns<Answer, InsertOf<Tables>>
  :
      | Exclude<KeysOf<NonNullable<Answer>>, keyof Tables>
      | {
          [Name in keyof Tables]: UnknownColumns<PropertyOf<NonNullable<Answer>, Name>, InsertOf<Tables[Name]>>
        }[keyof Tables]

type UnknownColumns<Answer, Insert> = Exclude<KeysOf<NonNullable<RowOf<NonNullable<Answer>>>>, KeysOf<Insert>>
type RowOf<Answer> = Answer extends readonly (infer Element)[] ? Element : Answer
type KeysOf<Union> = Union extends unknown ? keyof Union : never
type PropertyOf<Union, Name> = Union extends unknown ? (Name extends keyof Union ? Union[Name] : never) : never
