create table if not exists facility (
  id int auto_increment primary key,
  name text,
  phone text,
  url text,
  latitude double,
  longitude double,
  country text,
  locality text,
  region text,
  postal_code text,
  street_address text
) default charset = utf8mb4;
