/* Well-formedness of UTF-8 text. */
#include "firn/str.h"
#include "utf8_step.h"

bool firn_utf8_valid(struct firn_str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t step;
		uint64_t word;

		while (i + sizeof(word) <= s.n) {
			memcpy(&word, s.p + i, sizeof(word));
			if (word & 0x8080808080808080u)
				break;
			i += sizeof(word);
		}
		if (i == s.n)
			break;
		step = firn_utf8_step(s.p + i, s.n - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}
