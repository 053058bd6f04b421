
DECLARE
  stamp CONSTANT pg_catalog.text := '{"t":' ||
    (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8;
  whole CONSTANT pg_catalog.text := {{.Whole}};
  tags pg_catalog.text[];
  list pg_catalog.text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    tags := ARRAY(SELECT DISTINCT tag FROM (SELECT {{.Columns}} FROM new_rows AS x) AS r CROSS JOIN LATERAL (VALUES {{.Tags}}) AS v (tag) LIMIT {{.MaxTags}} + 1);
  ELSIF TG_OP = 'DELETE' THEN
    tags := ARRAY(SELECT DISTINCT tag FROM (SELECT {{.Columns}} FROM old_rows AS x) AS r CROSS JOIN LATERAL (VALUES {{.Tags}}) AS v (tag) LIMIT {{.MaxTags}} + 1);
  ELSIF TG_OP = 'UPDATE' THEN
    tags := ARRAY(SELECT DISTINCT tag FROM (
{{- if .Selects}}
      (SELECT {{.Columns}} FROM old_rows AS x EXCEPT ALL SELECT {{.Columns}} FROM new_rows AS x)
      UNION ALL
      (SELECT {{.Columns}} FROM new_rows AS x EXCEPT ALL SELECT {{.Columns}} FROM old_rows AS x)
{{- else}}
      SELECT {{.Columns}} FROM old_rows AS x UNION ALL SELECT {{.Columns}} FROM new_rows AS x
{{- end}}
    ) AS r CROSS JOIN LATERAL (VALUES {{.Tags}}) AS v (tag) LIMIT {{.MaxTags}} + 1);
  END IF;

  IF pg_catalog.cardinality(tags) = 0 THEN
    RETURN NULL;
  END IF;
  list := pg_catalog.array_to_json(tags)::pg_catalog.text;
  IF TG_OP = 'TRUNCATE' OR pg_catalog.cardinality(tags) > {{.MaxTags}} THEN
    PERFORM pg_catalog.pg_notify('{{.Channel}}', stamp || whole);
  ELSIF pg_catalog.octet_length(list) < {{.MaxList}} THEN
    PERFORM pg_catalog.pg_notify('{{.Channel}}', stamp || ',"tags":' || list || '}');
  ELSIF EXISTS (SELECT FROM pg_catalog.unnest(tags) AS tag WHERE pg_catalog.octet_length(pg_catalog.to_json(tag)::pg_catalog.text) > {{.MaxTag}}) THEN
    PERFORM pg_catalog.pg_notify('{{.Channel}}', stamp || whole);
  ELSE
    PERFORM pg_catalog.pg_notify('{{.Channel}}', stamp || ',"tags":[' || pg_catalog.string_agg(piece, ',') || ']}')
    FROM (
      SELECT piece, (pg_catalog.sum(pg_catalog.octet_length(piece) + 1) OVER (ROWS UNBOUNDED PRECEDING) - 1) / {{.Chunk}} AS chunk
      FROM (SELECT pg_catalog.to_json(tag)::pg_catalog.text AS piece FROM pg_catalog.unnest(tags) AS tag) AS p
    ) AS c
    GROUP BY chunk;
  END IF;
  RETURN NULL;
END
