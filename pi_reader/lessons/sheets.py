"""What stands on the sheets for the class, and the teacher's solutions.

They are kept apart from the lessons, whose files a class may open. Figures of what is found are
those of the usual seed, without MNIST; tests hold them against what the lessons say.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """What is asked about one lesson.

    questions: each with its answer, which the lesson itself gives; found: what the commands in the
    lesson's TRY lead to, in their order.
    """

    questions: tuple[tuple[str, str], ...]
    found: tuple[str, ...]


def read(text: str) -> dict[str, Sheet]:
    """Sheets by their lessons' names, from lines as below; a line that goes on is indented.

    [name] begins a lesson, ? a question, = its answer, > what a command leads to.
    """
    sheets = {}
    for part in text.strip().split("\n\n"):
        name, *lines = part.replace("\n  ", " ").splitlines()
        questions, answers, found = (
            [line[2:] for line in lines if line.startswith(mark)] for mark in ("? ", "= ", "> ")
        )
        sheets[name.strip("[]")] = Sheet(tuple(zip(questions, answers, strict=True)), tuple(found))
    return sheets


SHEETS = read("""
[faces]
? What is easy for you and hard for a computer, what the other way round?
= Finding a face among potatoes is easy for people; multiplying is easy for computers.
? What does a neuron do with what arrives?
= It adds it up, stays silent up to a threshold, and fires above it.
? Between the brains of which two animals does a network of 994 nodes stand?
= Between a roundworm's (302 neurons) and a pond snail's (about 20,000).
> No: it takes number 6, the face is number 4. The rule knows nothing of heads that tilt.
> Hardly: you may know the answer at once, but the machine takes billionths of a second.
> At 2 of the 9, those with 2.5 and 3.0.

[miles]
? The machine says 50, the truth is 62.137. What is the error, and what does its sign say?
= 62.137 - 50 = +12.137. Plus: the machine said too little, so the number must be larger.
? With share=0.6, what part of the error is left after one step, and after two?
= 1 - 0.6 = 0.4 of it after one; 0.4 × 0.4 = 0.16 of it after two.
? Why is the error divided by the kilometres before the number is changed?
= The error gathered over all the kilometres (100 here); the number is for one kilometre.
> No. The error is negative now, so the same rule makes the number smaller.
> Yes, nearly: each step leaves -0.8 times the error, so it jumps from side to side and ends at
  0.6200, less than 0.002 from the truth.
> It runs away: each step leaves -1.1 times the error, which has grown to 6.7 times what it was
  after twenty steps.

[bugs]
? The line is at 0.75 above the ladybird and should be at 1.1. The ladybird is 3 wide. By how
  much must the slope change to correct all of the error?
= By error ÷ width: (1.1 - 0.75) ÷ 3 = 0.1167.
? With a learning rate of 1, which of the bugs decides where the line ends?
= The last one alone: the line ends where that bug wants it, whatever came before.
? Why does a small learning rate help against bad measuring?
= It takes a little from every bug, so that mistakes in all directions mostly cancel out.
> Their slopes end 2.4 to 4.1 apart, 0.4 to 1.1 at the default rate of 0.05; all is well for 97 %
  of the bugs on average, for 78 % with the worst gardener.
> No. All gardeners agree, but the slope is still 0.33, and 85 % of the bugs are right. More
  walks or a larger rate would help.
> Bad measuring: on average 73 % of the bugs are right with it, 100 % with half of the names
  wrong. The names only say on which side to pass.

[gates]
? Draw the four corners of the map for XOR. Can one straight line have both 1s on one side and
  both 0s on the other?
= No. The 1s are opposite corners and so are the 0s: each line leaves a wrong corner.
? For which of the three gates was a line found?
= For AND and for OR, not for XOR.
? How can XOR be built from OR, NOT BOTH and AND?
= XOR is 1 where OR says 1 and NOT BOTH says 1: an AND of the two. Three lines, of which two feed
  the third.
> None of twenty networks gets all four right: one node in the middle is one line. The best of
  them says 0.50 everywhere, so its map has one shade.
> 17 of 20. The others had as many nodes and as much time: they began at a bad place.
> 16 of 20 after 500 rounds, all 20 after 4000.

[nodes]
? Signals 1.0 and 0.5 come through weights 0.9 and 0.3. What arrives at the node?
= 1.0 × 0.9 + 0.5 × 0.3 = 1.05. (The sigmoid of that is 0.7408.)
? Signals 0.9, 0.1 and 0.8 come through weights 0.2, 0.8 and 0.2 to hidden node 2. What arrives
  there?
= 0.9 × 0.2 + 0.1 × 0.8 + 0.8 × 0.2 = 0.42. (The sigmoid of that is 0.603.)
? Why is a sigmoid used instead of a step?
= With a step a tiny change of a weight changes nothing or everything, and gives no hint which
  way to learn.
> -2.55 arrives in all: the step stays at 0, the sigmoid says 0.0724, nearly silent.
> Hardly: it sends 0.9999 for 10 and 0.9997 for 9 (first=9). For large sums the sigmoid is flat.
> Each machine answers for itself; often by less, since large matrices no longer fit into the
  processor's fast memory.

[blame]
? A node's error is 8. Weights 3 and 1 lead into it. How is the error shared?
= 8 × 3 / (3 + 1) = 6 and 8 × 1 / (3 + 1) = 2.
? Errors 0.8 and 0.5: what is the blame of hidden node 1, if weights 2 (of 5) and 1 (of 5) lead
  from it to the two outputs?
= 0.8 × 2 / 5 + 0.5 × 1 / 5 = 0.32 + 0.10 = 0.42.
? Is the rule exactly the direction downhill?
= For the weights into the outputs yes; for those into the hidden nodes nearly, but with a step
  that is too large.
> 0.22 for hidden 1 and 0.08 for hidden 2: shares of opposite sign cancel, and hidden 2, which is
  linked strongly to both, is blamed least.
> Yes: on average 0.90, and uphill in 0.4 % of the networks, as with the usual seed (0.89 and 0.4
  %).

[descent]
? You stand at x = 4 on the hillside x². The slope is 8, the rate 0.1. Where does one step lead?
= 4 - 0.1 × 8 = 3.2.
? From which rate on does the walk on x² no longer arrive?
= From 1 on: at 1 it jumps to and fro for ever, above 1 further and further away.
? Walking only downhill, can you be sure that you reach the deepest valley? What helps?
= No, you end in the valley in which you began. Several walks from different places help; keep
  the best.
> Yes, slowly: it jumps to the other side each time but lands nearer, at 0.27 after twelve steps.
> Out of the valley: each step leaves -1.02 times the distance before, so that after 40 steps it
  is 2.2 times as far away as at the start.
> No: the best is at -2.56, the deepest valley at -0.51, and none of the three walks found it.
  With seeds 1 and 4 they do.

[digits]
? Why are the inputs squeezed into 0.01 to 1 and not into 0 to 1?
= A link that gets 0 is multiplied by 0, so its weight can never learn anything.
? How many weights has a network of 784 inputs, 200 hidden nodes and 10 outputs?
= 784 × 200 + 200 × 10 = 158,800.
? Why is the network examined with digits that it did not learn from?
= It could know the digits it learned from by heart; what counts is whether it can read others.
> 81.2 % right instead of 87.9 % (with drawn digits): ten nodes are too few to keep ten digits
  apart well.
> 83.0 % at the end instead of 87.9 %, and its best was in the epoch before: steps so large jump
  about.
> The one whose output for 2 is the second largest: look at its bars, and let the class vote.

[curves]
? Why is each setting tried several times?
= Each network begins with other random weights, and a single try may be luck.
? Why is the best network examined once more with other digits?
= The highest of many tries is partly luck, so its own score flatters it.
> No: the best rate is 0.6 again, and 100 nodes are enough again. But all is read worse: 80.1 %
  instead of 86.4 % at the best rate.
> It hardly gets better after 11 epochs: 85.7 % there, 85.4 % after 15.
> The finished networks are noted in sweep.json and are not trained again.

[rotations]
? Why may a 4 be turned by ten degrees, but a 6 not by 180?
= People write leaning 4s; a 6 turned by 180 degrees is a 9, with the label 6 still on it.
? Each digit is shown as it is and turned both ways. How many times as many examples are that?
= Three times as many.
> No more: the best copies bring 4.4 points (58.6 to 63.0 %), with 800 digits 5.8 (76.1 to 81.9 %).
> Partly. One epoch with copies shows as many pictures as three without, and is no better: 72.0 %
  against 76.1 %. But three epochs with copies reach 81.9 %.
> It depends on the digits; with MNIST about 10 degrees.

[minds]
? A node sent 0.7408. What had arrived there?
= log(0.7408 / (1 - 0.7408)) = 1.05.
? Why is what comes out no photograph of a digit?
= Many ways lead to one sum, so nobody knows which signals brought it. And the network keeps only
  what tells one digit from another.
> Ink on the right and where the arms of the 3 end; paper on the left of its middle, where ink
  would make it an 8.
> Noise: the likeness to its own digit is about 0, and none of the ten is most like the right
  average.
> No. They are less like the averages (0.37 instead of 0.54, with drawn digits), though each is
  still most like its own.

[own]
? Why is each digit made 20 pixels large and put in the middle of 28 × 28?
= Because the digits that the network learned from look like that.
? Which three things can go wrong between a photograph and its digits?
= The ink is not found, the box is wrong, or the digit is misread.
> The last part compares what was read with what was written.
> Look at the ink: where shadows or creases are taken for ink, or thin strokes are lost, no
  network can mend it.
> If it misreads: was it the ink, the box or the network? Each step is shown.
> Share the folder with a phone; Ctrl-C ends it.

[features]
? How many inputs does each description have?
= Pixels 784, row and column sums 56, zones 49, directions 128.
? What do row and column sums no longer say?
= In which corner the ink is: only how much of it is in each row and in each column.
> The directions: 66.0 % with 5 nodes, 91.0 % with 40. The pixels fall from 87.5 to 52.8 %.
> The directions again, 63.4 % against 51.9 % of the pixels. And the zones are ahead now, 55.2 %.
> No: the pixels get 89.2 % (87.5 after 5 epochs), the directions 94.6 % (91.0).

[zero]
? How many weights has the network with 200 hidden nodes, and how many multiplications take its
  signals from the inputs to the outputs?
= 158,800 each: every weight is multiplied with once.
? Which numbers of this lesson are exact, which are true for one machine, which are estimates?
= The counts are exact, the microseconds were measured on this machine, the boards' minutes are
  estimated.
> Half the work, but not half the time: Python and numpy take some for each digit, whatever its
  size.
> About ten times as long; the table and the last sentence say how long that is.
""")
