CREATE OR REPLACE FUNCTION {{.Schema}}.{{.Function}}() RETURNS pg_catalog.trigger
LANGUAGE plpgsql
SET search_path = ''
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET TimeZone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS {{.Body}};
