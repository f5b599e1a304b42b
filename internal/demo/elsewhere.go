package demo

func elsewhere() []country {
	return []country{
		{code: "US", language: "en-US", currency: "USD", method: "CREDIT_CARD",
			order: "g f|g g f|g f Jr.|g f III", given: "Jayden|Mary-Kate|La’Keisha|Wolfgang|Xiomara|Bo", family: "Johnson|O’Malley|Van Buren|Nguyen|Kealoha|Li", line: "{n} {s}", streets: "Main St|Elm Avenue|Martin Luther King Jr. Blvd|County Road B", places: "New York;NY;100##|San Francisco;CA;941##|Honolulu;HI;968##|St. Louis;MO;631##", phones: "+1 212-555-01##;(212) 555-01##|+1 415-555-01##;415.555.01##|+1 808-555-01##;(808) 555-01##|+1 314-555-01##;314-555-01##"},
		{code: "CA", language: "fr-CA", currency: "CAD", method: "CREDIT_CARD",
			order: "g f|g-g f", given: "Étienne|Geneviève|Céline|Tanya", family: "Tremblay|Bélanger|Côté|Kanerahtenhá:wi", line: "{n}, {s}", streets: "rue Sainte-Catherine|chemin de la Côte-des-Neiges", places: "Montréal;QC;H3B #G#|Québec;QC;G1R #A#|Toronto;ON;M5V #B#", phones: "+1 514-555-01##;514 555-01##|+1 416-555-01##;(416) 555-01##"},
		{code: "MX", language: "es-MX", currency: "MXN", method: "CREDIT_CARD",
			order: "g f f|g g f f", given: "Guadalupe|Jesús|Xóchitl|José Ángel", family: "Hernández|Peña|Cuauhtémoc|Muñoz", line: "{s} {n}", streets: "Avenida Insurgentes Sur|Calle 5 de Mayo", places: "Ciudad de México;CDMX;06###|Mérida;Yucatán;97###", phones: "+52 222 123 ####;222 123 ####"},
		{code: "AR", language: "es-AR", currency: "ARS", method: "CREDIT_CARD",
			order: "g f|g g f", given: "Martín|Agustina|Ñusta|Lautaro", family: "Goyeneche|Güemes|Ñáñez|Etchegoyen", line: "{s} {n}", streets: "Avenida 9 de Julio|Calle Florida", places: "Buenos Aires;CABA;C10##ABC|Córdoba;Córdoba;X50##BCD", phones: "+54 9 11 2345-####;11 2345-####"},
		{code: "CO", language: "es-CO", currency: "COP", method: "BANK_TRANSFER",
			order: "g g f f|g f f", given: "Andrés|Valentina|Jhon Fredy|Luz Marina", family: "Quiñones|Restrepo|Zuluaga|Vélez", line: "{s} # {n}", streets: "Carrera Séptima|Calle Larga", places: "Bogotá;D.C.;1111##|Medellín;Antioquia;0500##", phones: "+57 321 123####;321 123####"},
		{code: "BR", language: "pt-BR", currency: "BRL", method: "BANK_TRANSFER",
			order: "g f f|g g f da f|g g f de f e f|g g g f dos f f Neto", given: "João|Antônio|Conceição|Ayrton|Luíza|Maria Aparecida", family: "Araújo|Gonçalves|Santos|Cavalcanti|Bragança|Guimarães", line: "{s}, {n}", streets: "Avenida Paulista|Rua das Laranjeiras|Praça da Sé", places: "São Paulo;SP;01###-0##|Brasília;DF;70###-0##|Maceió;AL;57###-0##", phones: "+55 11 96123-####;(11) 96123-####"},
		{code: "MG", language: "mg-MG", currency: "MGA", method: "BANK_TRANSFER",
			order: "f g|f g g", given: "Tsiory|Haingo Nomenjanahary|Mamy Tiana|Voahangy", family: "Andrianampoinimerinatompokoindrindra|Rakotomalala|Razafindrakotoarisoa|Ravelomanantsoa", line: "Lot {n} {s}", streets: "Làlana Ratsimilaho|Araben'ny Fahaleovantena", places: "Antananarivo;Analamanga;1##|Fianarantsoa;Haute Matsiatra;3##", phones: "+261 32 12 ### ##;032 12 ### ##"},
		{code: "ET", language: "am-ET", currency: "ETB", method: "BANK_TRANSFER",
			order: "g g", given: "አበበ|ትዕግስት|ዳዊት|ሰላም", latin: "abebe|tigist|dawit|selam", family: "በቀለ", line: "{s} {n}", streets: "ቦሌ መንገድ|ቸርችል ጎዳና", places: "አዲስ አበባ;አዲስ አበባ;10##", phones: "+251 91 123 ####;091 123 ####"},
		{code: "NG", language: "yo-NG", currency: "NGN", method: "BANK_TRANSFER",
			order: "g f|g g f", given: "Olúwaṣeun|Ngọzi|Chukwuemeka|Títílayọ̀", family: "Adébáyọ̀|Okonkwo|Ọlátúnjí|Nwachukwu", line: "{n} {s}", streets: "Broad Street|Ahmadu Bello Way", places: "Lagos;Lagos;1002##|Ìbàdàn;Ọ̀yọ́;2002##", phones: "+234 802 123 ####;0802 123 ####"},
		{code: "KE", language: "sw-KE", currency: "KES", method: "BANK_TRANSFER",
			order: "g f|g wa f", given: "Wanjikũ|Kamau|Achieng|Juma", family: "Mũthoni|Otieno|Ng'ang'a|Kĩmani", line: "{n} {s}", streets: "Moi Avenue|Kenyatta Road", places: "Nairobi;Nairobi;001##|Mombasa;Mombasa;801##", phones: "+254 712 12####;0712 12####"},
		{code: "ZA", language: "xh-ZA", currency: "ZAR", method: "CREDIT_CARD",
			order: "g f|g van der f", given: "Nomvula|Qhayiya|Pieter|Thandeka", family: "Mqhayi|Nkosi|Merwe|!Nanseb", line: "{n} {s}", streets: "Long Street|Nelson Mandela Boulevard", places: "Cape Town;Western Cape;80##|eThekwini;KwaZulu-Natal;40##", phones: "+27 71 123 ####;071 123 ####"},
		{code: "AU", language: "en-AU", currency: "AUD", method: "CREDIT_CARD",
			order: "g f", given: "Bruce|Kirra|Zoe|Nguyen", family: "Smith-Jones|Yunupiŋu|Papadopoulos", line: "{n} {s}", streets: "George Street|Swanston Street", places: "Sydney;NSW;20##|Melbourne;VIC;30##", phones: "+61 491 570 ###;0491 570 ###"},
		{code: "NZ", language: "mi-NZ", currency: "NZD", method: "CREDIT_CARD",
			order: "g f", given: "Aroha|Wīremu|Māia|Tāne", family: "Ngāta|Te Heuheu|Williams|Pōtatau", line: "{n} {s}", streets: "Queen Street|Lambton Quay", places: "Tāmaki Makaurau;Auckland;10##|Whangārei;Northland;01##", phones: "+64 21 123 ####;021 123 ####"},
	}
}
