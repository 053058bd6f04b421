package authors

import "context"

const listAuthors = `-- name: ListAuthors :many
SELECT id FROM authors ORDER BY id
`

func (q *Queries) ListAuthors(ctx context.Context) ([]int64, error) {
	rows, err := q.db.QueryContext(ctx, listAuthors)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		items = append(items, id)
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	return items, rows.Err()
}

const countBooks = `-- name: CountBooks :one
SELECT count(*) FROM books WHERE author_id = ?
`

func (q *Queries) CountBooks(ctx context.Context, authorID int64) (int64, error) {
	row := q.db.QueryRowContext(ctx, countBooks, authorID)
	var count int64
	err := row.Scan(&count)
	return count, err
}

const renameAuthor = `-- name: RenameAuthor :execrows
UPDATE authors SET name = ? WHERE id = ?
`

func (q *Queries) RenameAuthor(ctx context.Context, name string, id int64) (int64, error) {
	result, err := q.db.ExecContext(ctx, renameAuthor, name, id)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
