local function div(a, b) return (a - a % b) / b end
local function ceildiv(a, b) return div(a + b - 1, b) end
