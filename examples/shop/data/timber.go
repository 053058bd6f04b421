package data

import "fmt"

// maxProducts is the whole range: every species in every cut, section and
// length.
const maxProducts = 12 * 5 * 12 * 5

// The vocabulary of the trade. These arrays are read and never written.
var (
	species = [12]struct {
		name, code   string
		centsPerCube int64 // price of a cubic metre, rough sawn
	}{
		{"Oak", "OAK", 214_000},
		{"Ash", "ASH", 148_000},
		{"Beech", "BEE", 121_000},
		{"Walnut", "WAL", 362_000},
		{"Cherry", "CHE", 255_000},
		{"Maple", "MAP", 189_000},
		{"Sweet chestnut", "CHN", 162_000},
		{"Larch", "LAR", 83_000},
		{"Douglas fir", "DGF", 92_000},
		{"Scots pine", "PIN", 58_000},
		{"Spruce", "SPR", 46_000},
		{"Western red cedar", "WRC", 174_000},
	}

	cuts = [5]struct {
		name, code string
		percent    int64 // price relative to rough sawn
	}{
		{"rough sawn", "RS", 100},
		{"planed all round", "PR", 126},
		{"waney edge", "WE", 114},
		{"tongue and groove", "TG", 148},
		{"decking", "DK", 137},
	}

	sections = [12]struct{ thicknessMM, widthMM int64 }{
		{19, 95},
		{25, 100},
		{25, 150},
		{32, 150},
		{38, 100},
		{47, 150},
		{47, 200},
		{63, 175},
		{75, 225},
		{100, 100},
		{150, 150},
		{200, 200},
	}

	lengthsMM = [5]int64{2_400, 3_000, 3_600, 4_200, 4_800}

	families = [...]string{
		"Aldous", "Bergström", "Birkett", "Brandvold", "Calloway", "Dahl", "Eastwood",
		"Fairbairn", "Gallagher", "Hallam", "Holm", "Ibbotson", "Jansen", "Kerr",
		"Lindqvist", "Marchetti", "Nygaard", "Oakeshott", "Petersen", "Quayle",
		"Rasmussen", "Sandoval", "Thackeray", "Underhill", "Vance", "Whitlock",
		"Yardley", "Zimmermann",
	}

	trades = [...]string{
		"Boatbuilders", "Builders", "Cabinetmakers", "Carpentry", "Decking", "Fencing",
		"Flooring", "Garden Rooms", "Joinery", "Kitchens", "Roofing", "Shopfitters",
		"Staircases", "Timber Frames", "Window Works",
	}

	streets = [...]string{
		"Canal Street", "Dock Road", "Foundry Lane", "Granary Wharf", "Kiln Row",
		"Mill Lane", "Quarry Road", "Sawyer's Yard", "Station Road", "Viaduct Way",
	}

	cities = [...]string{
		"Aarhus", "Aberdeen", "Antwerp", "Bergen", "Bilbao", "Bremen", "Bristol",
		"Cardiff", "Cork", "Dundee", "Exeter", "Galway", "Gdansk", "Ghent",
		"Gothenburg", "Groningen", "Hamburg", "Hull", "Inverness", "Kiel", "Leeds",
		"Lille", "Linz", "Malmö", "Nantes", "Newcastle", "Norwich", "Odense", "Porto",
		"Riga", "Rotterdam", "Stavanger", "Tallinn", "Turku", "Utrecht", "York",
	}
)

// productAt returns the product at a place in the range, from 0 to
// maxProducts-1, without number and stock.
func productAt(place int) product {
	kind := species[place%len(species)]
	place /= len(species)
	cut := cuts[place%len(cuts)]
	place /= len(cuts)
	section := sections[place%len(sections)]
	place /= len(sections)
	length := lengthsMM[place]

	const cubicMM = 1_000_000_000 // in a cubic metre
	volume := section.thicknessMM * section.widthMM * length
	cents := kind.centsPerCube * volume / cubicMM * cut.percent / 100
	return product{
		sku: fmt.Sprintf("%s-%s-%03dX%03d-%d",
			kind.code, cut.code, section.thicknessMM, section.widthMM, length/100),
		name: fmt.Sprintf("%s, %s, %d × %d mm, %d.%d m",
			kind.name, cut.name, section.thicknessMM, section.widthMM, length/1000, length%1000/100),
		species:     kind.name,
		cut:         cut.name,
		thicknessMM: section.thicknessMM,
		widthMM:     section.widthMM,
		lengthMM:    length,
		priceCents:  max(cents/5*5, 5), // the trade rounds to five cents
	}
}
