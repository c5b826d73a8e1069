CREATE TABLE records (id uuid PRIMARY KEY, value text);
