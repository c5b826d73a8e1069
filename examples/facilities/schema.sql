create table if not exists facility (
  id serial primary key,
  name text,
  phone text,
  url text,
  latitude double precision,
  longitude double precision,
  country text,
  locality text,
  region text,
  postal_code text,
  street_address text
);
