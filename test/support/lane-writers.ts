/** Notes who writes which lane of `records (id uuid, value text)`, in the transaction of the rows. Shares no code with the product. */
import { expect } from 'vitest'
import { onBoth, query } from './sql.js'

interface Sides {
  readonly a: string
  readonly b: string
}

/** Processes log in as these, one each, so that the databases know who wrote what. */
export const LANE_USERS = Array.from({ length: 12 }, (_, place) => `lane_user_${place}`)

export async function noteLaneWriters(sides: Sides, lanes: 2 | 4): Promise<void> {
  const bits = Math.log2(lanes)
  for (const user of LANE_USERS) {
    const create = `create role ${user} login superuser; exception when duplicate_object or unique_violation then null`
    await onBoth(sides, `do $$ begin ${create}; end $$`)
  }
  await onBoth(
    sides,
    `create table lane_writes (lane int, epoch bigint, name text, at timestamptz);
     create function note_lanes() returns trigger language plpgsql as $$ begin
       if session_user like 'lane_user_%' then
         insert into lane_writes
           select lane, (select epoch from lockstep.fences where flow = 'mirror lane ' || lane || '/${lanes}'), session_user, clock_timestamp()
           from (select distinct
             ((hashint4extended(0, uuid_hash_extended(id, 1)) >> ${64 - bits}) & ${lanes - 1}) + 1 as lane from written) as of_lanes;
       end if;
       return null; end $$;
     create trigger noted after insert on records referencing new table as written
       for each statement execute function note_lanes()`,
  )
}

/** Under each epoch of a lane's fence one process alone wrote the lane, and no write is of a lane without a fence. */
export async function expectOneWriterEach({ a, b }: Sides): Promise<void> {
  for (const url of [a, b]) {
    const several = `select lane, epoch, string_agg(distinct name, ', ') as names from lane_writes
      group by lane, epoch having count(distinct name) > 1 or epoch is null`
    expect(await query(url, several)).toEqual([])
    expect(await query(url, 'select distinct lane from lane_writes')).not.toEqual([])
  }
}

/** The lanes that each process holds now, by its name in the table of leases. */
export async function lanesHeld({ a }: Sides): Promise<ReadonlyMap<string, number>> {
  const held = `select holder, count(*)::int as lanes from lockstep.leases
    where flow like 'mirror lane %' and holder is not null and expires_at > clock_timestamp() group by holder`
  const rows = await query<{ holder: string; lanes: number }>(a, held)
  return new Map(rows.map(({ holder, lanes }) => [holder, lanes]))
}
